// The scenarios of testdata.

import { testScripts } from '@weir/core/testing'
import t from 'tap'
import { Scenario } from './testing/scenario.ts'

testScripts(t, new URL('../testdata/', import.meta.url), () => new Scenario())
