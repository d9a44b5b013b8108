"""What all end-to-end suites share: starting programs, a client for HTTP/1.1, and the definition of a leak."""
