// Runs before the first paint, so that a chosen theme never flashes. See src/app/theme.ts.
try {
  const theme = localStorage.getItem('agentmesh.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // No storage: the system's theme it is.
}
