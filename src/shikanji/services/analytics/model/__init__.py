"""What happened to orders, customers and visits, and what follows from it in figures."""
