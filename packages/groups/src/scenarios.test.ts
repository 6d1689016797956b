// The scenarios of testdata.

import { SimRandom } from '@weir/core/sim'
import { testScripts } from '@weir/core/testing'
import t from 'tap'
import { Scenario } from './testing/scenario.ts'

testScripts(t, new URL('../testdata/', import.meta.url), file => new Scenario(new SimRandom(file)))
