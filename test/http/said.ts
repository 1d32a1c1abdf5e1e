type Problem = { type: string; receipts?: { code: string }[] };

/** What is said to a request that is refused: the status, and the code of its first receipt or of the problem. */
export async function said(response: Response): Promise<[number, string | undefined]> {
  const { type, receipts }: Problem = await response.json();
  return [response.status, receipts?.[0]?.code ?? type.replace("/problems/", "")];
}
