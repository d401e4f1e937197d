# halong's numbers as a data frame, in R alone (3.6 or later):
#   HALONG_KEY=halong_… Rscript values.R http://127.0.0.1:8000 pm2_5_d 193,194,195 2026-10
asked <- commandArgs(trailingOnly = TRUE)
query <- paste0("/v1/indicators/values?indicator=", asked[2], "&area=", asked[3], "&period=", asked[4], "&format=csv")
key <- Sys.getenv("HALONG_KEY")
headers <- if (nzchar(key)) c(Authorization = paste("Bearer", key)) else NULL
values <- read.csv(url(paste0(asked[1], query), headers = headers, encoding = "UTF-8"))
values$time <- as.POSIXct(values$time, format = "%Y-%m-%dT%H:%M:%SZ", tz = "UTC")
if (nrow(values) == 0) stop("there is no value in this period")
print(values[c("area", "day", "label", "value")], row.names = FALSE) # label: what reports call the step, local time
print(aggregate(value ~ area, values, mean))
