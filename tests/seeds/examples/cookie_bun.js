const response = await fetch("http://localhost:3000/api/auth/refresh", {
  method: "POST",
  headers: {
    "Content-Type": "application/json",
  },
  credentials: "include",
});

const data = await response.json();
console.log(data);
