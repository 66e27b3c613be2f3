"""How fast AgentMesh is, beside peers on the same four graphs: see the README of `benchmarks`."""
