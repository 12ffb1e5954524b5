// A frontend on axios and axios-jwt, written after the latter's documentation.
import axios from "axios";
import { applyAuthTokenInterceptor, isLoggedIn, setAuthTokens } from "axios-jwt";
import { Storage, outcome, play } from "./play.js";

const { CONTRACT, ORIGIN } = process.env;
globalThis.window = { localStorage: new Storage() };
const api = axios.create({ baseURL: ORIGIN });

const requestRefresh = {
  // With no refresh token in this contract, the frontend keeps its only token in both places.
  expired_token: async (token) => {
    const { data } = await axios.post(`${ORIGIN}/api/auth/refresh`, { token });
    return { accessToken: data.access_token, refreshToken: data.access_token };
  },
  refresh_token: async (refresh_token) => {
    const { data } = await axios.post(`${ORIGIN}/auth/refresh`, { refresh_token });
    return data.access_token;
  },
}[CONTRACT];

applyAuthTokenInterceptor(api, { requestRefresh });

await play({
  logIn: ({ accessToken, refreshToken }) =>
    setAuthTokens({ accessToken, refreshToken: refreshToken ?? accessToken }),
  isLoggedIn,
  request: () => outcome(api.get("/api/reports")),
  requests: (count) =>
    Promise.all(Array.from({ length: count }, () => outcome(api.get("/api/reports")))),
});
