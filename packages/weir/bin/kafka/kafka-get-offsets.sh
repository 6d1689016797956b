#!/usr/bin/env node
import("../../dist/kafka-tools.js")
