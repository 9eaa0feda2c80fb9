import { samplerNames } from '../../src/samplers/types.js';
import { samplerContract } from '../contract/sampler.contract.js';

for (const name of samplerNames) samplerContract(name);
