"""E1 over IP: packets, the port, the board, two servers."""
