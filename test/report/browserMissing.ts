import { BrowserUnavailableError, withBrowser } from '../../lib/report/browser';

/** Why a test that needs a browser has to be skipped; undefined where one runs. */
export async function browserMissing(): Promise<string | undefined> {
  try {
    await withBrowser(() => Promise.resolve());
    return undefined;
  } catch (error) {
    if (error instanceof BrowserUnavailableError) return error.message;
    throw error;
  }
}
