#!/usr/bin/env node
// Node 22.1 and later keep compiled code for the next start.
require('node:module').enableCompileCache?.()
import('../../dist/kafka-tools.js')
