"""Points, tiers and campaigns, computed: no SQL, no clock, no await."""
