"""Ready parts of specs for packages of others; none is imported unless a project imports it."""
