export { type Step, testScripts } from './script.ts'
