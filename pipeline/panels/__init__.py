"""Pictures of explanations: sheets of panels, made of plain pixels."""
