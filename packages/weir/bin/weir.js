#!/usr/bin/env node
import module from 'node:module'

// Node 22.1 and later keep compiled code for the next start; it is set before anything is loaded.
module.enableCompileCache?.()
await import('../dist/main.js')
