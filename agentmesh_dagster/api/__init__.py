"""The web process: API, login and web app, on the port of Dagster's web server."""
