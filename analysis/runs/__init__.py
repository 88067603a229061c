"""What lies on disk: workspaces, runs and their artifacts; whole or absent, never half written."""
