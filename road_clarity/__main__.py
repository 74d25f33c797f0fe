"""python -m road_clarity is road-clarity."""

from road_clarity.cli import main

raise SystemExit(main())
