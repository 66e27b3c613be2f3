import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const server = process.env['AGENTMESH_URL'] ?? 'http://127.0.0.1:3000'

export default defineConfig(({ command }) => ({
  // A build is served below any path prefix: `<base href>` in index.html says which.
  base: command === 'build' ? './' : '/agentmesh/',
  plugins: [react()],
  build: {
    outDir: 'dist',
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800, // kB before compression
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(['/api', '/login', '/logout'].map((path) => [path, { target: server }])),
  },
}))
