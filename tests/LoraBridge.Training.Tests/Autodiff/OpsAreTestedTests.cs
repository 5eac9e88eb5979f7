using LoraBridge.Training.Autodiff;

namespace LoraBridge.Training.Tests.Autodiff;

/// <summary>A gradient rule without a test of its gradient does not exist.</summary>
public sealed class OpsAreTestedTests
{
    public static TheoryData<string> Rules =>
        [.. typeof(IGradientRule).Assembly.GetTypes().Where(type => type.IsClass && type.IsAssignableTo(typeof(IGradientRule))).Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Rules))]
    public void RuleHasATestOfItsName(string rule)
    {
        Assert.NotNull(GetType().Assembly.GetType($"{GetType().Namespace}.{rule}Tests"));
    }
}
