// A frontend on axios and axios-auth-refresh, written after the latter's documentation.
import axios from "axios";
import { Storage, outcome, play } from "./play.js";

const { CONTRACT, ORIGIN, VERSION } = process.env;
const library = await import(VERSION);
const createAuthRefresh = library.createAuthRefresh ?? library.default.default;
const localStorage = new Storage();
const api = axios.create({ baseURL: ORIGIN });

const refresh = {
  expired_token: () =>
    axios.post(`${ORIGIN}/api/auth/refresh`, { token: localStorage.getItem("token") }),
  refresh_token: () =>
    axios.post(`${ORIGIN}/auth/refresh`, { refresh_token: localStorage.getItem("refreshToken") }),
}[CONTRACT];

const refreshAuthLogic = async () => {
  try {
    const { data } = await refresh();
    localStorage.setItem("token", data.access_token);
  } catch (error) {
    // Only these say that the credential is no good; the rest passes.
    if ([400, 401, 403, 422].includes(error.response?.status)) localStorage.clear();
    throw error;
  }
};

api.interceptors.request.use((request) => {
  request.headers["Authorization"] = `Bearer ${localStorage.getItem("token")}`;
  return request;
});
// By default version 5 repeats only one of the requests that fail at the same time.
createAuthRefresh(api, refreshAuthLogic, { deduplicateRefresh: false });

await play({
  logIn({ accessToken, refreshToken }) {
    localStorage.setItem("token", accessToken);
    if (refreshToken) localStorage.setItem("refreshToken", refreshToken);
  },
  isLoggedIn: () => localStorage.getItem("token") !== null,
  request: () => outcome(api.get("/api/reports")),
  requests: (count) =>
    Promise.all(Array.from({ length: count }, () => outcome(api.get("/api/reports")))),
});
