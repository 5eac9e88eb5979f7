using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.Tests.Model;

public sealed class DeviceMemoryTests
{
    [Theory]
    [InlineData("MemTotal:       24032504 kB\nMemFree:          513092 kB\nMemAvailable:   20100096 kB\nBuffers:  12 kB\n", 20100096L << 10)]
    [InlineData("MemTotal:       24032504 kB\nMemFree:          513092 kB\n", null)]
    [InlineData("MemAvailable:   many kB\n", null)]
    [InlineData("", null)]
    public void What_is_free_is_what_the_system_calls_available(string memoryInfo, long? expected) => Assert.Equal(expected, DeviceMemory.AvailableIn(memoryInfo));

    /// <summary>Other than the memory of the machine, of which the runtime and the page cache hold some.</summary>
    [Fact]
    public void Less_is_free_than_there_is()
    {
        NativeRuntime.Initialize();
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The system is asked on Linux only.");
        Assert.InRange(DeviceMemory.FreeNow(), 1, DeviceMemory.Available([]) - 1);
    }
}
