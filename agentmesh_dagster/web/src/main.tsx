import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Problem } from './api/problem'
import { App } from './app/App'
import { loadTypes } from './types/types'
import { Fault } from './ui/states'
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'

const element = document.getElementById('root')
if (!element) throw new Error('index.html has no #root')
const root = createRoot(element)

async function start(): Promise<void> {
  try {
    await loadTypes()
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return // on the way to the login page
    root.render(
      <main id="main" className="page">
        <Fault error={error} onRetry={start} />
      </main>,
    )
    return
  }
  root.render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
}

void start()
