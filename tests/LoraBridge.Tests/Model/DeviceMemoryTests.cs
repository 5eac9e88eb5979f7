using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;

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

    /// <summary>Pages of files that would be given back are not in use; what a group does not say is no limit.</summary>
    [Theory]
    [InlineData("1000\n", "900\n", "cache 500\ninactive_file 300\ntotal_inactive_file 200\n", 1000, 600)]
    [InlineData("max\n", "900\n", "cache 500\n", long.MaxValue, 900)]
    [InlineData(null, null, null, long.MaxValue, 0)]
    public void A_control_group_says_what_it_may_take_and_takes(string? limit, string? usage, string? statistics, long allowed, long used)
    {
        using var folder = new TemporaryFolder();
        var group = new MemoryGroup(Write("limit", limit), Write("usage", usage), Write("statistics", statistics), "inactive_file ");
        Assert.Equal((allowed, used), (group.ReadLimit(), group.ReadUse()));

        string Write(string name, string? text)
        {
            if (text is not null)
                File.WriteAllText(folder[name], text);
            return folder[name];
        }
    }
}
