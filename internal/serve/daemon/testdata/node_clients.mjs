// Embeds 1,000 texts with the AI SDK and LangChain at their defaults; prints of each the first, the last and the number.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
const [url, token, model, modules] = process.argv.slice(2);
const from = createRequire(modules + '/package.json');
const load = (name) => import(pathToFileURL(from.resolve(name)));
const { embedMany } = await load('ai');
const { createOpenAI } = await load('@ai-sdk/openai');
const { OpenAIEmbeddings } = await load('@langchain/openai');
const texts = Array.from({ length: 1000 }, (_, i) => `document ${i}`);
const told = (v) => ({ count: v.length, first: v[0], last: v[v.length - 1] });
const sdk = createOpenAI({ baseURL: url + '/v1', apiKey: token });
const { embeddings } = await embedMany({ model: sdk.embedding(model), values: texts });
const chain = new OpenAIEmbeddings({ apiKey: token, model, configuration: { baseURL: url + '/v1' } });
console.log(JSON.stringify({ 'AI SDK': told(embeddings), 'LangChain.js': told(await chain.embedDocuments(texts)) }));
