"""The shell around every page: navigation, components, styles, languages."""
