output "address" {
  description = "What tills open."
  value       = "https://${var.domain}"
}

output "record_to_make" {
  description = "The record that makes the address lead to the machine."
  value       = "${var.domain}. A ${azurerm_public_ip.box.ip_address}"
}

output "buckets" {
  description = "For pictures and for backups, by the gateway's names, and the storage account that they are in."
  value = {
    account  = azurerm_storage_account.this.name
    pictures = azurerm_storage_container.this["pictures"].name
    backups  = azurerm_storage_container.this["backups"].name
  }
}

output "next_step" {
  description = "What to do once the record is made and the machine is up, some ten minutes after; ssh needs ssh_from."
  value       = <<-END
    ssh keeper@${azurerm_public_ip.box.ip_address}
    sudo smoocho init
    sudo smoocho backup schedule "0 3 * * *" --to s3://${azurerm_storage_container.this["backups"].name}/smoocho
  END
}
