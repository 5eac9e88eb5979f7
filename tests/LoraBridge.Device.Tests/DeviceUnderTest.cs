using LoraBridge.Model;
using LoraBridge.Native;
using Backends = LoraBridge.Model.Backends;

namespace LoraBridge.Device.Tests;

/// <summary>The device that these tests run on: the first of the backend that <c>LORABRIDGE_TEST_DEVICE</c> names. Without one, they are skipped.</summary>
internal static class DeviceUnderTest
{
    private const string Variable = "LORABRIDGE_TEST_DEVICE";

    /// <summary>The name of the backend; skips the test when none is set.</summary>
    /// <exception cref="NativeException">The backend has no device here.</exception>
    public static ComputeBackend Backend
    {
        get
        {
            var name = Environment.GetEnvironmentVariable(Variable);
            Assert.SkipWhen(string.IsNullOrEmpty(name), $"{Variable} is not set.");
            return Enum.Parse<ComputeBackend>(name!, ignoreCase: true);
        }
    }

    /// <summary>Where models are loaded: all layers on the device, one thread beside it.</summary>
    public static DeviceConfiguration Configuration => new() { Backend = Backend, Threads = 1 };

    public static IReadOnlyList<DevicePtr> Devices => [Backends.Select(Backend).Devices[0]];
}
