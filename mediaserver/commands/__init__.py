"""The commands of `mediaserver`, one a module; each module's `command` is what click runs."""
