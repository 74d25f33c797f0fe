// Questions to the server.  A refusal comes as an Error whose message is the server's sentence.

let token = null;

export class Refused extends Error {
  constructor(answer, status) {
    super(answer?.error?.text ?? `the server answered ${status}`);
    this.code = answer?.error?.code ?? "UNKNOWN";
  }
}

export async function get(path, query = {}) {
  const chosen = Object.entries(query).filter(([, value]) => value !== "" && value !== null);
  const text = new URLSearchParams(chosen).toString();
  return (await sent(`/api/${path}${text && `?${text}`}`)).json();
}

/** Call a method of the service by its name; body: its request. */
export async function call(method, body) {
  token ??= await (await sent("/api/token")).text();
  const headers = { "Content-Type": "application/json", "X-Road-Clarity-Token": token };
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  return (await sent(`/api/call/${method}`, request)).json();
}

/** An address in this page's memory for a picture of the server; revoke it when done. */
export async function picture(path) {
  return URL.createObjectURL(await (await sent(`/api/${path}`)).blob());
}

async function sent(address, request = {}) {
  let answer;
  try {
    answer = await fetch(address, request);
  } catch {
    throw new Error("the server does not answer; is `road-clarity serve` still running?");
  }
  if (!answer.ok) throw new Refused(await answer.json().catch(() => null), answer.status);
  return answer;
}
