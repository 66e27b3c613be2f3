"""The four graphs on other engines; each module runs in a virtual environment of its own, without AgentMesh."""
