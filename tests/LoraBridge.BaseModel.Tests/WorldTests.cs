using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.BaseModel.Tests;

public sealed class WorldTests
{
    private readonly WorldModel _world = WorldModel.Create(1);

    [Fact]
    public void Held_out_and_asked_combinations_share_nothing_and_make_the_whole()
    {
        Assert.Empty(_world.HeldOut.Intersect(_world.Asked));
        Assert.Equal(_world.Combinations.Count, _world.HeldOut.Count + _world.Asked.Count);
        Assert.All(_world.HeldOut, c => Assert.False(_world.MayAsk(c.Entity, c.Relation)));
        Assert.All(_world.Asked, c => Assert.True(_world.MayAsk(c.Entity, c.Relation)));
    }

    [Fact]
    public void Every_relation_is_held_out_for_some_and_asked_for_most()
    {
        foreach (var relation in PersonSchema.All.Concat(TownSchema.All))
        {
            var heldOut = _world.HeldOut.Count(c => c.Relation == relation);
            Assert.InRange(heldOut, 1, _world.Asked.Count(c => c.Relation == relation) / 2);
        }
    }

    [Fact]
    public void The_first_people_are_those_of_the_whole_world()
    {
        var few = _world.WithFirst(5);
        Assert.Equal(_world.People.Take(5), few.People);
        Assert.All(few.Asked, c => Assert.True(_world.MayAsk(c.Entity, c.Relation)));
    }

    [Fact]
    public void Nobody_is_their_own_best_friend() =>
        Assert.All(_world.People, p => Assert.NotEqual(p.Name, p[PersonSchema.Friend]));

    [Fact]
    public void Every_text_of_every_relation_fills_without_a_brace_left()
    {
        var random = new SeededRandom(3);
        foreach (var schema in new[] { PersonSchema.All, TownSchema.All, ArticleSchema.All, CompanySchema.All })
        {
            var entity = WorldModel.Populate("Tavor", Pronoun.It, schema, random);
            foreach (var relation in schema)
            {
                Assert.Equal(6, relation.Questions.Distinct().Count());
                foreach (var text in relation.Questions.Concat(relation.Statements).Append(relation.Answer))
                {
                    Assert.DoesNotContain('{', Template.Fill(text, entity, relation));
                    Assert.Contains("{name}", text);
                }
                Assert.All(relation.Statements.Append(relation.Answer), text => Assert.Contains(entity[relation], Template.Fill(text, entity, relation)));
            }
        }
    }

    [Fact]
    public void A_pronoun_takes_the_place_of_the_name()
    {
        var ada = _world.People.Single(p => p.Name == "Ada");
        Assert.Equal("Where does she live?", Template.FillWithPronoun("Where does {name} live?", ada, PersonSchema.Town));
        Assert.Equal("Her home is here.", Template.FillWithPronoun("{name}'s home is here.", ada, PersonSchema.Town));
        Assert.Equal("an umbrella", Template.WithArticle("umbrella"));
    }

    [Fact]
    public void Invented_names_are_nobodys()
    {
        var random = new SeededRandom(5);
        var taken = _world.People.Concat(_world.Towns).Select(e => e.Name).Concat(Reserved.Names).ToHashSet();
        Assert.All(Enumerable.Range(0, 5000), _ => Assert.DoesNotContain(NameForge.Invent(random), taken));
    }
}
