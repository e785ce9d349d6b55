"""Reference models: trained flows that ship with the toolkit, each with its run record and model card."""
