output "user_data" {
  description = "For cloud-init."
  value       = "#cloud-config\n${yamlencode(local.cloud_config)}"
}
