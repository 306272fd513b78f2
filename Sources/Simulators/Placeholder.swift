enum SimulatorsPlaceholder {}
