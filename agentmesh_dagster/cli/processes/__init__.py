"""The processes of `agentmesh dev`, and the home folder that is theirs alone meanwhile."""
