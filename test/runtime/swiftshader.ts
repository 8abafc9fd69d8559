/** @file A WebGPU device for machines without a GPU: SwiftShader, the software Vulkan driver inside Chromium. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];

/**
 * Makes SwiftShader the Vulkan driver of this process, before the first WebGPU session; returns why that is not
 * possible, or undefined. A driver already named in VK_ICD_FILENAMES is kept.
 */
export function useSwiftShader(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'SwiftShader is looked for on Linux x64 only';
  if (process.env.VK_ICD_FILENAMES === undefined) {
    const folder = folders.find((path) => existsSync(join(path, 'vk_swiftshader_icd.json')));
    if (folder === undefined)
      return `no vk_swiftshader_icd.json in ${folders.join(', ')} (apt-get install chromium)`;
    process.env.VK_ICD_FILENAMES = join(folder, 'vk_swiftshader_icd.json');
  }
  return undefined;
}
