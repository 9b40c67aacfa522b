"""Other crawlers, each as a program in an environment of its own."""
