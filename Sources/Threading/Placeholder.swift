enum ThreadingPlaceholder {}
