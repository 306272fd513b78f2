enum ArbPlaceholder {}
