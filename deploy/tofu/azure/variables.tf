variable "state_passphrase" {
  description = "Encrypts the state and plans. Keep it where the owner's recovery key is kept."
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.state_passphrase) >= 16
    error_message = "state_passphrase must have 16 characters or more."
  }
}

variable "name" {
  description = "Goes before the names of all that is made."
  type        = string
  default     = "smoocho"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,14}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 16 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "subscription_id" {
  description = "The subscription that pays."
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", var.subscription_id))
    error_message = "subscription_id must be a UUID."
  }
}

variable "location" {
  description = "Such as centralindia; near the shop."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9]+$", var.location))
    error_message = "location must be the name of a region, such as centralindia."
  }
}

variable "source_address" {
  description = "Where the machine gets Smoocho's source from: an https git address and, behind #, a tag or commit."
  type        = string
  validation {
    condition     = can(regex("^https://[^\\s#]+#[A-Za-z0-9._-]+$", var.source_address))
    error_message = "source_address must be like https://git.example.com/smoocho.git#v0.1.0."
  }
}

variable "domain" {
  description = "The name that tills open, such as pos.kulfi.example."
  type        = string
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be a name such as pos.kulfi.example."
  }
}

variable "admin_ssh_public_key" {
  description = "Of whoever looks after the machine. Azure wants one also where nobody may come by SSH."
  type        = string
  validation {
    condition     = can(regex("^(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/=]+", var.admin_ssh_public_key))
    error_message = "admin_ssh_public_key must be the line of a .pub file."
  }
}

variable "ssh_from" {
  description = "Networks from which SSH is let in, such as [\"203.0.113.7/32\"]. None: commands by az vm run-command alone."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for network in var.ssh_from : can(cidrhost(network, 0)) && tonumber(split("/", network)[1]) >= 16])
    error_message = "ssh_from must have networks of 65,536 addresses at most, such as 203.0.113.7/32."
  }
}

variable "machine_size" {
  description = "Class of the machine."
  type        = string
  default     = "Standard_B2als_v2"
  validation {
    condition     = can(regex("^Standard_[A-Za-z0-9_]+$", var.machine_size)) && !can(regex("^Standard_[A-Z]+[0-9]+[a-z]*p", var.machine_size))
    error_message = "machine_size must be a class of x86 processors, such as Standard_B2als_v2."
  }
}

variable "database_sku" {
  description = "Class of the database: B_ (burstable), GP_ or MO_."
  type        = string
  default     = "B_Standard_B1ms"
  validation {
    condition     = can(regex("^(B|GP|MO)_Standard_[A-Za-z0-9_]+$", var.database_sku))
    error_message = "database_sku must be a class such as B_Standard_B1ms."
  }
}

variable "database_standby" {
  description = "A second database in another zone, which takes over by itself. Doubles its price; not with a burstable class."
  type        = bool
  default     = false
  validation {
    condition     = !var.database_standby || !startswith(var.database_sku, "B_")
    error_message = "database_standby needs a database_sku that begins with GP_ or MO_."
  }
}

variable "database_megabytes" {
  description = "Disk of the database at first; it grows by itself."
  type        = number
  default     = 32768
  validation {
    condition     = contains([32768, 65536, 131072, 262144], var.database_megabytes)
    error_message = "database_megabytes must be 32768, 65536, 131072 or 262144."
  }
}

variable "point_in_time_days" {
  description = "For so many days back the database can be restored to any second."
  type        = number
  default     = 14
  validation {
    condition     = var.point_in_time_days >= 7 && var.point_in_time_days <= 35
    error_message = "point_in_time_days must be 7 to 35."
  }
}

variable "deleted_days" {
  description = "For so many days what was deleted from a container can be brought back."
  type        = number
  default     = 30
  validation {
    condition     = var.deleted_days >= 7 && var.deleted_days <= 365
    error_message = "deleted_days must be 7 to 365."
  }
}
