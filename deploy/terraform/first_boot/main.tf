# What a new machine does at its first boot, as user data for cloud-init. It asks no provider, so it
# fits any cloud whose images have cloud-init: give `user_data` to your own machine.

terraform {
  required_version = ">= 1.6"
}

variable "repository" {
  description = "The Git repository of the hub, with your sources in it; the machine must be able to read it."
  type        = string

  validation {
    condition     = can(regex("^(https://|ssh://|git@)[A-Za-z0-9@:/._~-]+$", var.repository))
    error_message = "Give an address for git clone, such as https://git.example.com/data/hub.git."
  }
}

variable "revision" {
  description = "The tag, branch or commit that runs."
  type        = string
  default     = "main"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9/._-]*$", var.revision))
    error_message = "Give the name of a tag or a branch, or a commit."
  }
}

variable "image" {
  description = "The image to run, best by its digest; empty: the machine builds it."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[A-Za-z0-9@:/._-]*$", var.image))
    error_message = "Give the name of an image, such as registry.example.com/hub@sha256:..."
  }
}

variable "settings" {
  description = "Lines of .env (see .env.example). No secrets: they would be in Terraform's state."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, value in var.settings : can(regex("^[A-Z][A-Z0-9_]*$", name)) && can(regex("^[^\n]*$", value))])
    error_message = "Names are variables in capitals, values have one line."
  }

  validation {
    condition     = !contains(keys(var.settings), "SECRET_KEY")
    error_message = "SECRET_KEY is made on the machine at its first boot."
  }
}

variable "data_device" {
  description = "The volume for all data, such as /dev/vdb, which is formatted if it is empty; null: none."
  type        = string
  default     = null
}

locals {
  # with the volume, a new machine finds all that the old one had
  on_volume = var.data_device == null ? {} : {
    HUB_LANDING = "/mnt/hub/landing"
    HUB_SECRETS = "/mnt/hub/secrets"
  }
}

output "user_data" {
  description = "For the user data (custom data) of a machine."
  value = templatefile("${path.module}/cloud-init.yaml.tftpl", {
    repository  = var.repository
    revision    = var.revision
    image       = var.image
    settings    = merge(local.on_volume, var.settings)
    data_device = var.data_device
  })
}
