"""Model cards (Mitchell et al. 2019, arXiv:1810.03993): origin and measured quality of weights.

Markdown with YAML front matter.  Pure text; reading the file is pipeline.weights' work.  Imported
weights have the same card; what is unknown of them is empty, and `origin` says where they are from.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace

import yaml

from road_clarity.models.errors import BadInput

FENCE = "---\n"
OPTIONAL = ("origin", "made_for", "calm_layers", "intervals")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What must be known before a number of this network may be believed."""

    name: str  # of the weights, such as scnn_edge
    architecture: str  # key of models.registry.BUILDERS
    data: dict[str, str]  # data set -> licence
    command: str  # the recipe that made the weights
    seed: int | None
    cost: str  # machine and hours
    metrics: dict[str, float]  # measured on data the network was not trained on
    metrics_command: str  # what prints these metrics again
    sha256: str = ""  # of the safetensors file; set when published
    origin: dict[str, str] = field(default_factory=dict)  # file, its sha256 and layout, base
    made_for: str = ""  # weights without which these mean nothing: a memory's autoencoder by name,
    # a scorer's networks by identity
    calm_layers: dict[str, str] = field(default_factory=dict)  # the file beside an autoencoder's
    # weights: its sha256 and theirs, its frames, what made it
    intervals: dict[str, list[float]] = field(default_factory=dict)  # of some metrics, low and high
    # end at 95 %; docs/accuracy.md says what is drawn anew for them
    notes: str = ""  # free Markdown: split, known failures

    @property
    def identity(self) -> str:
        """Names these very weights."""
        return f"{self.name}@{self.sha256[:12]}"

    def with_sha256(self, sha256: str) -> Card:
        return replace(self, sha256=sha256)

    def render(self) -> str:
        """The card as Markdown."""
        front = {key: value for key, value in asdict(self).items() if key != "notes"}
        for optional in OPTIONAL:
            if not front[optional]:
                del front[optional]
        return f"{FENCE}{yaml.safe_dump(front, sort_keys=False)}{FENCE}\n{self.notes.strip()}\n"

    @classmethod
    def parse(cls, text: str, source: str) -> Card:
        """Read a rendered card.  source names it in errors.  Raises BadInput."""
        parts = text.split(FENCE, 2)
        front = yaml.safe_load(parts[1]) if len(parts) == 3 else None
        wanted = {one.name for one in fields(cls)} - {"notes", *OPTIONAL}
        if not isinstance(front, dict) or set(front) - set(OPTIONAL) != wanted:
            raise BadInput(
                "model card", source, f"its front matter must have exactly {sorted(wanted)}"
            )
        return cls(**front, notes=parts[2].strip())
