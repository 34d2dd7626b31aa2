// Asks a language model with the AI SDK and LangChain for JavaScript at their defaults, whole and as a stream. Prints one
// JSON object.
import { createRequire } from "node:module";

const [url, token, model, modules] = process.argv.slice(2);
const require = createRequire(modules + "/");
const { generateText, streamText } = require("ai");
const { createOpenAI } = require("@ai-sdk/openai");
const { ChatOpenAI } = require("@langchain/openai");

const said = {};
const messages = [{ role: "user", content: "Is it right to share?" }];
{
  const ask = { model: createOpenAI({ baseURL: url + "/v1", apiKey: token }).chat(model), messages, temperature: 0, maxOutputTokens: 20 };
  const whole = (await generateText(ask)).text;
  let stream = "";
  for await (const piece of streamText(ask).textStream) stream += piece;
  said["AI SDK"] = { whole, stream };
}
{
  const chat = new ChatOpenAI({ model, apiKey: token, temperature: 0, maxTokens: 20, configuration: { baseURL: url + "/v1" } });
  const whole = (await chat.invoke(messages)).content;
  let stream = "";
  for await (const piece of await chat.stream(messages)) stream += piece.content;
  said["LangChain.js"] = { whole, stream };
}
console.log(JSON.stringify(said));
