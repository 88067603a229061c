"""Ground floor: types, errors, registry, settings and small helpers. Imports nothing else of ours."""
