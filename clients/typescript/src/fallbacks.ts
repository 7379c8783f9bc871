/** What a page does if there is no answer in time. */

/**
 * Return the answer, or null after an error: then the page is rendered without the list.
 *
 * `onError` gets the error; by default it is logged.
 */
export async function orNull<T>(
  answer: Promise<T>,
  onError: (error: unknown) => void = console.error,
): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    onError(error);
    return null;
  }
}
