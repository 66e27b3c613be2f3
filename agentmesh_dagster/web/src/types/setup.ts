/** Gives tests the types of a real server: `python -m tests.web.write_types` writes the file. */
import type { Types } from '../api/types'
import types from './types.json'
import { setTypes } from './types'

setTypes(types as unknown as Types)
