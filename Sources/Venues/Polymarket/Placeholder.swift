enum PolymarketPlaceholder {}
