const response = await fetch("/api/auth/refresh", {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
  },
  credentials: "include", // Important: This is needed to include cookies
});

const data = await response.json();
console.log(data);
