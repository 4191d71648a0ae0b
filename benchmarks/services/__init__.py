"""What the service is compared with; each is run as a process of its own, as the service is."""
