enum TradingPlaceholder {}
