"""The local web page: aim, try, teach and check the box. A process of its own; the box works without it."""
