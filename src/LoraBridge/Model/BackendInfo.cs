namespace LoraBridge.Model;

/// <summary>A backend and what it can use here.</summary>
/// <param name="Name">Its name: <c>cpu</c>, <c>cuda</c>, <c>vulkan</c>, <c>metal</c>.</param>
/// <param name="Available">Whether it is loaded and has a device.</param>
/// <param name="Reason">Why it is not available; null when it is.</param>
/// <param name="Devices">Its devices; empty when it is not available.</param>
public sealed record BackendInfo(string Name, bool Available, string? Reason, IReadOnlyList<DeviceInfo> Devices)
{
    /// <summary>What its library needs of the machine and does not check itself; null when there is nothing to say.</summary>
    public string? Note { get; init; }
}
