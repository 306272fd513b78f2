enum KalshiPlaceholder {}
